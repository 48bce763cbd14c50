namespace Petrel.Cli.Up;

/// <summary>What a user asks of <c>petrel up</c>; null is the cluster's earlier setting, else the default.</summary>
internal sealed record UpRequest
{
    public const int DefaultPort = 6443;
    public const int DefaultNodes = 3;

    public int? Nodes { get; init; }

    public int? Port { get; init; }

    /// <summary>In seconds.</summary>
    public int? NodeGrace { get; init; }

    public string? Runtime { get; init; }

    public bool Fresh { get; init; }
}
