using Petrel.Model.Determinism;
using Petrel.Model.Documents;

namespace Petrel.SimulatedNodes;

/// <summary>A range of durations, both ends included. Draws are distributed uniformly.</summary>
public readonly record struct DurationRange(TimeSpan Least, TimeSpan Most)
{
    private const long NanosecondsPerTick = 100;

    public static DurationRange Seconds(double least, double most) => new(TimeSpan.FromSeconds(least), TimeSpan.FromSeconds(most));

    /// <summary>Parses one duration in Go's format (<c>1m30s</c>, <c>500ms</c>), or two with dots between them (<c>1s..5s</c>).</summary>
    public static bool TryParse(string text, out DurationRange range)
    {
        range = default;
        var ends = text.Split("..");
        if (
            ends.Length > 2
            || !GoDuration.TryParse(ends[0], out var least)
            || !GoDuration.TryParse(ends[^1], out var most)
            || least < 0
            || most < least
        )
        {
            return false;
        }
        range = new(TimeSpan.FromTicks(least / NanosecondsPerTick), TimeSpan.FromTicks(most / NanosecondsPerTick));
        return true;
    }

    /// <summary>Draws a random duration from the range.</summary>
    public TimeSpan Draw(IEntropy entropy) => Least + ((Most - Least) * entropy.NextDouble());

    public override string ToString() => Least == Most ? Text(Least) : $"{Text(Least)}..{Text(Most)}";

    private static string Text(TimeSpan duration) => GoDuration.Format(duration.Ticks * NanosecondsPerTick);
}
