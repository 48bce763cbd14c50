namespace Petrel.Agent.Sources;

/// <summary>
/// A source to which a pod refers (a ConfigMap, a key, a field) does not exist, or does not exist yet. The container's status shows <see
/// cref="Reason"/>.
/// </summary>
internal sealed class PodSourceException(string reason, string message) : Exception(message)
{
    /// <summary>The reason of a container whose environment can't be built (upstream: <c>ErrCreateContainerConfig</c>).</summary>
    public const string ContainerConfig = "CreateContainerConfigError";

    public string Reason { get; } = reason;
}
