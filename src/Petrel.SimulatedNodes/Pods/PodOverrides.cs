using System.Globalization;
using System.Text.Json;

namespace Petrel.SimulatedNodes.Pods;

/// <summary>
/// The pod annotations that override the simulator's settings (as the annotations that KWOK's stages read).
/// <c>sim.petrel.dev/start-delay</c>, <c>stop-delay</c> and <c>run-time</c> are durations or ranges of durations. <c>exit-code</c> is the
/// exit code of a run. <c>failure-rate</c> is the chance that a container fails. An invalid value is ignored, as an unknown annotation is.
/// </summary>
internal sealed record PodOverrides(
    DurationRange? StartDelay,
    DurationRange? StopDelay,
    DurationRange? RunTime,
    int? ExitCode,
    double? FailureRate
)
{
    public const string Prefix = "sim.petrel.dev/";

    public static PodOverrides None { get; } = new(null, null, null, null, null);

    public static PodOverrides Read(JsonElement annotations)
    {
        var read = None;
        foreach (var annotation in annotations.EnumerateObject())
        {
            if (!annotation.Name.StartsWith(Prefix, StringComparison.Ordinal))
            {
                continue;
            }
            var value = annotation.Value.GetString() ?? "";
            read = annotation.Name[Prefix.Length..] switch
            {
                "start-delay" when DurationRange.TryParse(value, out var delay) => read with { StartDelay = delay },
                "stop-delay" when DurationRange.TryParse(value, out var delay) => read with { StopDelay = delay },
                "run-time" when DurationRange.TryParse(value, out var time) => read with { RunTime = time },
                "exit-code"
                    when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var code) && code <= byte.MaxValue =>
                    read with
                    {
                        ExitCode = code,
                    },
                "failure-rate"
                    when double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var rate)
                        && rate is >= 0 and <= 1 => read with
                {
                    FailureRate = rate,
                },
                _ => read,
            };
        }
        return read;
    }
}
