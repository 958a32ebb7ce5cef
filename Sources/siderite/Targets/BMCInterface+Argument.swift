public import ArgumentParser
public import BareMetal

extension BMCInterface: ExpressibleByArgument {}
