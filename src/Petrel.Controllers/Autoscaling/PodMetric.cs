namespace Petrel.Controllers.Autoscaling;

/// <summary>One pod's value of a metric.</summary>
/// <param name="MilliValue">Thousandths of the metric's unit: of a core, a byte, or whatever is counted.</param>
/// <param name="At">The end of the time it is measured over.</param>
/// <param name="Window">How long that time is.</param>
public readonly record struct PodMetric(long MilliValue, DateTimeOffset At, TimeSpan Window);

/// <summary>A metric could not be read, or not be reckoned with; the message is upstream's.</summary>
public sealed class MetricException(string message) : Exception(message);
