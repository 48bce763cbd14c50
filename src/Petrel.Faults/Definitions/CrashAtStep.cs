using Petrel.Faults.Capabilities;
using Petrel.Model.Determinism;

namespace Petrel.Faults.Definitions;

/// <summary>A process crashes at one of its next steps. The step may be at any await, also in the middle of an instant.</summary>
/// <param name="Steps">The number of steps before the crash.</param>
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
