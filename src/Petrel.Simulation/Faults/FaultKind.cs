namespace Petrel.Simulation.Faults;

/// <summary>Something that goes wrong.</summary>
public enum FaultKind
{
    /// <summary>A node loses power: its agent and all its containers are gone. It comes back empty.</summary>
    NodeCrash,

    /// <summary>An agent dies and is started again; the node's containers run on.</summary>
    AgentRestart,

    ServerRestart,
    ControllersRestart,
    SchedulerRestart,

    /// <summary>A process dies at a step of its own: at any await, also in the middle of an instant.</summary>
    CrashAtStep,

    /// <summary>One process, or node, does not reach the server for a while, or its answers do not reach it.</summary>
    Partition,

    /// <summary>Messages of everybody are delayed and lost, and streams are cut.</summary>
    Weather,

    /// <summary>Everybody's requests are delivered twice now and then.</summary>
    Duplication,

    /// <summary>Requests overtake each other.</summary>
    Reordering,

    /// <summary>One process, or node, reaches the server, but slowly.</summary>
    SlowLink,

    /// <summary>All streams to a process are cut at once.</summary>
    WatchCut,

    /// <summary>
    /// A process' streams are cut, and before it can resume them the server has forgotten the changes since: it must list again.
    /// </summary>
    Compaction,

    /// <summary>What a process watches reaches it late, while its requests pass: it acts on what was.</summary>
    StaleCache,

    /// <summary>A process' wall clock jumps, forwards or backwards.</summary>
    ClockJump,

    /// <summary>A process' wall clock runs too fast or too slowly.</summary>
    ClockDrift,

    /// <summary>Commits take long.</summary>
    SlowDisk,

    /// <summary>Commits fail, and nothing is stored.</summary>
    FailingDisk,

    /// <summary>Commits are stored and reported as failed.</summary>
    LostCommits,

    /// <summary>The server dies between a commit and its answer.</summary>
    CrashAfterCommit,

    /// <summary>A container ends by itself.</summary>
    ContainerExit,

    /// <summary>A node can't pull images.</summary>
    ImagePullFailure,

    /// <summary>Containers of a node take long to start.</summary>
    SlowStart,
}
