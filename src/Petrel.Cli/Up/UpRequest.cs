namespace Petrel.Cli.Up;

/// <summary>The options of <c>petrel up</c>. Null stands for the cluster's earlier setting, or else for the default.</summary>
internal sealed record UpRequest
{
    public const int DefaultPort = 6443;
    public const int DefaultNodes = 3;

    public int? Nodes { get; init; }

    public int? Port { get; init; }

    /// <summary>The node grace period in seconds.</summary>
    public int? NodeGrace { get; init; }

    /// <summary>Whether a lost node is noticed and its pods are replaced at the fast pace.</summary>
    public bool? FastFailover { get; init; }

    public string? Runtime { get; init; }

    public bool Fresh { get; init; }

    /// <summary>Whether to start with what is left of a damaged or lost store.</summary>
    public bool AcceptDataLoss { get; init; }
}
