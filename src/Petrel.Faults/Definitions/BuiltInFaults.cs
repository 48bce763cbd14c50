namespace Petrel.Faults.Definitions;

/// <summary>All kinds of faults that Petrel supports, one row each.</summary>
public static class BuiltInFaults
{
    public static FaultRegistry Registry { get; } =
        new([
            NodeCrash.Definition,
            AgentRestart.Definition,
            ProgramRestart.Server,
            ProgramRestart.Controllers,
            ProgramRestart.Scheduler,
            CrashAtStep.Definition,
            Partition.Definition,
            NetworkDegradation.Definition,
            Duplication.Definition,
            Reordering.Definition,
            SlowLink.Definition,
            WatchCut.Definition,
            Compaction.Definition,
            StaleCache.Definition,
            ClockJump.Definition,
            ClockDrift.Definition,
            SlowDisk.Definition,
            FailingDisk.Definition,
            LostCommits.Definition,
            CrashAfterCommit.Definition,
            ContainerExit.Definition,
            ImagePullFailure.Definition,
            SlowContainerStart.Definition,
        ]);
}
