using Petrel.Faults.Capabilities;
using Petrel.Model.Determinism;

namespace Petrel.Faults.Definitions;

/// <summary>A process dies at one of its next steps: at any await, in the middle of an instant too.</summary>
/// <param name="Steps">How many steps it takes before.</param>
public sealed record CrashAtStep(int Steps = 0) : FaultParameters
{
    private const int MaxSteps = 400;

    public static FaultDefinition Definition { get; } =
        new FaultDefinition<ICanCrashAtStep, CrashAtStep>
        {
            Name = "crash-at-step",
            Weight = 6,
            Draw = static draw =>
            {
                var process = draw.Process();
                return new(new(draw.Entropy.Next(MaxSteps)), process, draw.Restart());
            },
            Strike = StrikeAsync,
            Describe = static (who, parameters) => $"{who} crashes at its step {parameters.Steps}",
        };

    private static async Task StrikeAsync(ICanCrashAtStep cluster, FaultStrike<CrashAtStep> fault, CancellationToken stop)
    {
        if (await cluster.CrashAtStepAsync(fault.Target, fault.Parameters.Steps, fault.UntilHealed, stop) is not { } effect)
        {
            return;
        }
        await using (effect)
        {
            await fault.ForDurationAsync(stop);
        }
    }
}
