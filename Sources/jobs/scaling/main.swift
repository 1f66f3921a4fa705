import JobSupport

runCommand(of: ScalingJob.self)
