using Petrel.Faults.Capabilities;
using Petrel.Model.Determinism;

namespace Petrel.Faults.Definitions;

/// <summary>A wall clock jumps forwards or backwards. It is corrected at the end.</summary>
/// <param name="Offset">The size of the jump.</param>
public sealed record ClockJump(TimeSpan Offset = default) : FaultParameters
{
    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanSkewClock, ClockJump>
        {
            Name = "clock-jump",
            Weight = 2,
            Draw = static draw =>
            {
                var process = draw.Process();
                // Most jumps take seconds; few approach the maximum.
                var offset = draw.UpTo(draw.Settings.FarthestJump, exponent: 3);
                return new(new(draw.Entropy.Next(2) == 0 ? offset : -offset), process, draw.Outage());
            },
            Strike = static (cluster, fault, stop) =>
                fault.DuringAsync(cluster.SkewClockAsync(fault.Target, fault.Parameters.Offset, 0, stop), stop),
            Describe = static (who, parameters) => $"the clock of {who} is wrong by {FaultText.Seconds(parameters.Offset)}",
        };
}
