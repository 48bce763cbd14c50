namespace Petrel.Controllers.Autoscaling;

/// <summary>One pod's value of a metric.</summary>
/// <param name="MilliValue">The value in thousandths of the metric's unit.</param>
/// <param name="At">The end of the measurement.</param>
/// <param name="Window">How long the measurement took.</param>
public readonly record struct PodMetric(long MilliValue, DateTimeOffset At, TimeSpan Window);

/// <summary>A metric could not be read, or no number can be computed from it. The message is upstream's.</summary>
public sealed class MetricException(string message) : Exception(message);
