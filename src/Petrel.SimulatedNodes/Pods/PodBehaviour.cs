using Petrel.Model.Determinism;

namespace Petrel.SimulatedNodes.Pods;

/// <summary>Draws how the containers of one pod behave, from the simulator's settings and the pod's annotations.</summary>
internal sealed class PodBehaviour(SimulatedNodesSettings settings, RandomSources random, PodSnapshot facts)
{
    private readonly PodOverrides _overrides = facts.Overrides;

    public TimeSpan StartDelay => (_overrides.StartDelay ?? settings.StartDelay).Draw(Of("start"));

    public TimeSpan StopDelay => (_overrides.StopDelay ?? settings.StopDelay).Draw(Of("stop"));

    /// <summary>
    /// How long a run of a container lasts until it exits by itself, and its exit code; null when it runs for ever.
    /// </summary>
    public (TimeSpan After, int ExitCode)? EndOf(string container, int attempt, bool runsForEver)
    {
        var chance = Of($"{container}/{attempt}");
        var rate = _overrides.FailureRate ?? settings.PodFailureRate;
        if (runsForEver && _overrides.RunTime is null)
        {
            return RandomSources.FirstIn(chance, rate) is { } moment
                ? (moment, _overrides.ExitCode is > 0 ? _overrides.ExitCode.Value : 1)
                : null;
        }
        var after = (_overrides.RunTime ?? settings.RunTime).Draw(chance);
        return (after, _overrides.ExitCode ?? (chance.NextDouble() < rate ? 1 : 0));
    }

    /// <summary>The back-off before a container restarts, after this number of consecutive restarts.</summary>
    public TimeSpan BackOff(int restarts) =>
        restarts == 0
            ? TimeSpan.Zero
            : TimeSpan.FromTicks((long)Math.Min(settings.BackOffBase.Ticks * Math.Pow(2, restarts - 1), settings.BackOffLimit.Ticks));

    /// <summary>Generates a container ID: 64 hexadecimal digits.</summary>
    public string ContainerId(string container, int attempt)
    {
        var chance = random.Of($"{facts.Uid}/{container}/{attempt}");
        return $"{chance.NextUInt64():x16}{chance.NextUInt64():x16}{chance.NextUInt64():x16}{chance.NextUInt64():x16}";
    }

    private IEntropy Of(string what) => random.Of($"pod {facts.Key} {what}");
}
