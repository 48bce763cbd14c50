namespace Petrel.Faults.Capabilities;

/// <summary>The names of the control plane's processes as targets of faults. The name of an agent is its node's name.</summary>
public static class ClusterProcess
{
    public const string Server = "server";
    public const string Controllers = "controllers";
    public const string Scheduler = "scheduler";
}
