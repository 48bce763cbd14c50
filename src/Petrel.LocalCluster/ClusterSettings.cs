using System.Text.Json;
using System.Text.Json.Serialization;

namespace Petrel.LocalCluster;

/// <summary>The settings that a cluster was created with. <c>cluster.json</c> keeps them so that a second <c>up</c> resumes it.</summary>
public sealed record ClusterSettings
{
    /// <summary>The API server's port on every address it listens on.</summary>
    public required int Port { get; init; }

    /// <summary>The number of nodes. Their names are <c>node-1</c>, <c>node-2</c>, ….</summary>
    public required int Nodes { get; init; }

    /// <summary>The container runtime: <c>oci</c> or <c>process</c>.</summary>
    public required string Runtime { get; init; }

    /// <summary>The number of the cluster's address ranges; null without network namespaces.</summary>
    public int? Range { get; init; }

    /// <summary>The first agent's port. Without network namespaces, agents share the host's addresses and use consecutive ports.</summary>
    public int AgentPort { get; init; } = 10250;

    /// <summary>Seconds without a heartbeat after which a node becomes NotReady (upstream: node-monitor-grace-period).</summary>
    public double NodeGraceSeconds { get; init; } = FailoverPace.Upstream.NodeGraceSeconds;

    /// <summary>The interval of the agent's lease renewals, in seconds.</summary>
    public double LeaseRenewSeconds { get; init; } = FailoverPace.Upstream.LeaseRenewSeconds;

    /// <summary>Default tolerationSeconds of pods for not-ready and unreachable nodes.</summary>
    public int EvictionSeconds { get; init; } = FailoverPace.Upstream.EvictionSeconds;

    /// <summary>Host ports that are forwarded to Services of the cluster.</summary>
    public IReadOnlyList<ServiceForward> Forwards { get; init; } = [];

    public bool UsesNamespaces => Range is not null;

    public static string NodeName(int index) => $"node-{index + 1}";

    public IEnumerable<string> NodeNames => Enumerable.Range(0, Nodes).Select(NodeName);

    /// <summary>The index of a node from 0, or null when the cluster has no node of that name.</summary>
    public int? IndexOf(string node)
    {
        var index = NodeNames.ToList().IndexOf(node);
        return index < 0 ? null : index;
    }

    /// <summary>Loads the settings of a cluster, or returns null when the directory has none.</summary>
    /// <exception cref="UserErrorException">The settings file is invalid.</exception>
    public static ClusterSettings? Load(ClusterDirectory directory)
    {
        if (!File.Exists(directory.Settings))
        {
            return null;
        }
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(directory.Settings), ClusterSettingsJson.Default.ClusterSettings);
        }
        catch (JsonException e)
        {
            throw new UserErrorException(
                $"{directory.Settings} can't be read: {e.Message} Mend it, or start anew with 'petrel up --fresh'."
            );
        }
    }

    /// <summary>Loads the settings of a cluster that must exist.</summary>
    /// <exception cref="UserErrorException">The directory contains no cluster.</exception>
    public static ClusterSettings Require(ClusterDirectory directory) =>
        Load(directory)
        ?? throw new UserErrorException($"There is no cluster in {directory.Root}: make one with 'petrel up --data {directory.Root}'.");

    public void Save(ClusterDirectory directory)
    {
        var temporary = directory.Settings + ".new";
        using (
            var file = new FileStream(
                temporary,
                new FileStreamOptions
                {
                    Mode = FileMode.Create,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                }
            )
        )
        {
            file.Write(JsonSerializer.SerializeToUtf8Bytes(this, ClusterSettingsJson.Default.ClusterSettings));
            file.Flush(flushToDisk: true);
        }
        File.Move(temporary, directory.Settings, overwrite: true);
    }
}

[JsonSerializable(typeof(ClusterSettings))]
[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class ClusterSettingsJson : JsonSerializerContext;
