using System.Globalization;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Runtimes.Simulated;

namespace Petrel.Simulation.World;

/// <summary>
/// What containers in the simulated world do, according to their arguments: <c>run 12</c> runs for 12 s and succeeds, <c>run 12 30</c>
/// fails in 30 of 100 pods, <c>linger 3</c> takes 3 s to end on SIGTERM. Without arguments a program runs for ever and ends at once when it
/// is told to.
/// </summary>
public static class SimulatedPrograms
{
    public static ContainerBehaviour Of(ContainerSpec spec) =>
        spec.Args switch
        {
            ["run", var seconds] => new() { EndsAfter = Seconds(seconds) },
            ["run", var seconds, var failures] => new() { EndsAfter = Seconds(seconds), ExitCode = Lot(spec) < Number(failures) ? 1 : 0 },
            ["linger", var seconds] => new() { TerminationTime = Seconds(seconds) },
            _ => new(),
        };

    // A number from 0 to 99 that is the same for each start of a pod's container. The path of its log contains the pod's uid.
    private static int Lot(ContainerSpec spec)
    {
        var hash = 2166136261u;
        foreach (var character in spec.LogPath)
        {
            hash = (hash ^ character) * 16777619u;
        }
        return (int)(hash % 100);
    }

    private static TimeSpan Seconds(string text) => TimeSpan.FromSeconds(Number(text));

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
