namespace Petrel.Agent.Sources;

/// <summary>
/// A source that a pod names (a ConfigMap, a key, a field) does not exist, or not yet. <see cref="Reason"/> is shown in the container's
/// status.
/// </summary>
internal sealed class PodSourceException(string reason, string message) : Exception(message)
{
    /// <summary>The reason of a container whose environment can't be made (upstream: <c>ErrCreateContainerConfig</c>).</summary>
    public const string ContainerConfig = "CreateContainerConfigError";

    public string Reason { get; } = reason;
}
