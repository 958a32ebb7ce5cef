public import ArgumentParser
public import BareMetal

extension WipePolicy.Mode: ExpressibleByArgument {}
