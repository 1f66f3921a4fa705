import Layers
import Testing

@Suite struct StepTimerTests {
    private func sleep(_ milliseconds: Int) {
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        while ContinuousClock.now < end {}
    }

    /// An exchange inside of compute pauses it, arithmetic inside of that exchange is compute again, and what lies
    /// between two measurements is nobody's.
    @Test func phasesExcludeEachOther() {
        let timer = StepTimer(), clock = ContinuousClock(), begin = clock.now
        timer.measure(.compute) {
            sleep(2)
            timer.measure(.exchange) {
                sleep(4)
                timer.measure(.compute) { sleep(3) }
            }
        }
        timer.measure(.wait) { sleep(1) }
        let measured = clock.now - begin
        sleep(5)
        let step = timer.lap()
        #expect(step.compute >= 0.005 && step.exchange >= 0.004 && step.wait >= 0.001)
        #expect(step.all >= 0.010 && .seconds(step.all) <= measured)
        #expect(step.expand == 0 && step.projectGradient == 0)
    }

    /// Parts of compute pause nothing.
    @Test func partsAreCountedTwice() {
        let timer = StepTimer()
        timer.measure(.compute) {
            timer.measure(.expand) { sleep(2) }
            timer.measure(.projectGradient) { sleep(1) }
        }
        let step = timer.lap()
        #expect(
            step.expand >= 0.002 && step.projectGradient >= 0.001 && step.compute >= step.expand + step.projectGradient)
    }

    @Test func aLapBeginsAnew() throws {
        struct Failure: Error {}
        let timer = StepTimer()
        #expect(throws: Failure.self) { try timer.measure(.exchange) { sleep(1); throw Failure() } }
        #expect(timer.lap().exchange >= 0.001 && timer.lap().all == 0)
        // A lap inside of a phase takes what it has so far.
        timer.measure(.compute) {
            sleep(2)
            #expect(timer.lap().compute >= 0.002)
            sleep(1)
        }
        #expect(timer.lap().compute >= 0.001 && timer.lap().all == 0)
    }
}
