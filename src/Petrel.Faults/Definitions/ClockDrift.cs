using System.Globalization;
using Petrel.Faults.Capabilities;
using Petrel.Model.Determinism;

namespace Petrel.Faults.Definitions;

/// <summary>A wall clock runs too fast or too slowly. It is corrected at the end.</summary>
/// <param name="Rate">The speed of the clock; 1 is correct.</param>
public sealed record ClockDrift(double Rate = 1) : FaultParameters
{
    private const double Worst = 0.2;

    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanSkewClock, ClockDrift>
        {
            Name = "clock-drift",
            Weight = 2,
            Draw = static draw =>
            {
                var process = draw.Process();
                return new(new(FaultDraw.Rounded(1 + (Worst * ((2 * draw.Entropy.NextDouble()) - 1)))), process, draw.Outage());
            },
            Strike = static (cluster, fault, stop) =>
                fault.DuringAsync(cluster.SkewClockAsync(fault.Target, TimeSpan.Zero, fault.Parameters.Rate - 1, stop), stop),
            Describe = static (who, parameters) =>
                string.Create(CultureInfo.InvariantCulture, $"the clock of {who} runs at {parameters.Rate:0.00} times its rate"),
        };
}
