import ArgumentParser

/// `--window`: where predicted filters end.
public enum FilterWindow: String, CaseIterable, ExpressibleByArgument {
    case cut, open
}
