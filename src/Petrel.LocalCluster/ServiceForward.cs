namespace Petrel.LocalCluster;

/// <summary>A port on the host's loopback address that is forwarded to a Service of the cluster while <c>petrel up</c> runs.</summary>
public sealed record ServiceForward
{
    public required string Namespace { get; init; }

    public required string Service { get; init; }

    /// <summary>The Service's port.</summary>
    public required int Port { get; init; }

    /// <summary>The port on 127.0.0.1.</summary>
    public required int HostPort { get; init; }

    public override string ToString() => $"127.0.0.1:{HostPort} -> Service {Namespace}/{Service}:{Port}";
}
