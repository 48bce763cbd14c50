namespace Petrel.Faults.Capabilities;

/// <summary>The names of the control plane's processes as faults' targets. An agent has its node's name.</summary>
public static class ClusterProcess
{
    public const string Server = "server";
    public const string Controllers = "controllers";
    public const string Scheduler = "scheduler";
}
