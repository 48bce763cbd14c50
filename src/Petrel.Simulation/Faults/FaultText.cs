using System.Globalization;
using Petrel.Simulation.Network;
using Petrel.Simulation.Plans;

namespace Petrel.Simulation.Faults;

/// <summary>Faults in words, for histories and timelines.</summary>
public static class FaultText
{
    public static string Of(PlannedFault fault)
    {
        var who = fault.Target.Length == 0 ? "everybody" : fault.Target;
        var what = fault.Kind switch
        {
            FaultKind.NodeCrash => $"{who} has no power",
            FaultKind.AgentRestart => $"the agent of {who} is down",
            FaultKind.ServerRestart => "the server is down",
            FaultKind.ControllersRestart => "the controllers are down",
            FaultKind.SchedulerRestart => "the scheduler is down",
            FaultKind.CrashAtStep => $"{who} crashes at its step {fault.Steps ?? 0}",
            FaultKind.Partition => fault.Direction switch
            {
                LinkDirection.ToServer => $"requests of {who} don't reach the server",
                LinkDirection.FromServer => $"answers and events don't reach {who}",
                _ => $"{who} is cut off",
            },
            FaultKind.Weather or FaultKind.Duplication or FaultKind.Reordering or FaultKind.SlowLink =>
                $"the network of {who}: {fault.Link}",
            FaultKind.WatchCut => $"the streams to {who} are cut",
            FaultKind.Compaction => $"{who} is cut off, and meanwhile the server forgets what has changed",
            FaultKind.StaleCache => $"{who} gets no events",
            FaultKind.ClockJump => $"the clock of {who} is wrong by {Seconds(fault.Offset)}",
            FaultKind.ClockDrift => string.Create(
                CultureInfo.InvariantCulture,
                $"the clock of {who} runs at {fault.Rate ?? 1:0.00} times its rate"
            ),
            FaultKind.SlowDisk => $"commits take {Seconds(fault.Delay)} longer",
            FaultKind.FailingDisk => $"{Percent(fault)} of commits fail",
            FaultKind.LostCommits => $"{Percent(fault)} of commits are stored and reported as failed",
            FaultKind.CrashAfterCommit => "the server dies after its next commit",
            FaultKind.ContainerExit => $"a container on {who} exits with {fault.ExitCode ?? 1}",
            FaultKind.ImagePullFailure => $"{who} can't pull images",
            FaultKind.SlowStart => $"containers on {who} take {Seconds(fault.Delay)} longer to start",
            _ => fault.Kind.ToString(),
        };
        return fault.Duration > TimeSpan.Zero ? $"{what} (for {Seconds(fault.Duration)})" : what;
    }

    private static string Percent(PlannedFault fault) =>
        string.Create(CultureInfo.InvariantCulture, $"{(fault.Probability ?? 1) * 100:0} %");

    private static string Seconds(TimeSpan? time) =>
        string.Create(CultureInfo.InvariantCulture, $"{(time ?? default).TotalSeconds:0.##} s");
}
