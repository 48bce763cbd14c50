using System.Text.Json;
using System.Text.Json.Serialization;

namespace Petrel.Agent.Runtimes.Oci;

/// <summary>The bundle's <c>config.json</c> (OCI runtime specification 1.0), limited to the fields that Petrel uses.</summary>
internal sealed record RuntimeSpecification
{
    public string OciVersion { get; init; } = "1.0.2";
    public required ProcessSpecification Process { get; init; }
    public required RootSpecification Root { get; init; }
    public required IReadOnlyList<MountSpecification> Mounts { get; init; }
    public required LinuxSpecification Linux { get; init; }
    public SortedDictionary<string, string>? Annotations { get; init; }
}

internal sealed record ProcessSpecification
{
    public bool Terminal { get; init; }
    public required UserSpecification User { get; init; }
    public required IReadOnlyList<string> Args { get; init; }
    public required IReadOnlyList<string> Env { get; init; }
    public required string Cwd { get; init; }
    public CapabilitySpecification? Capabilities { get; init; }
    public bool NoNewPrivileges { get; init; }
}

internal sealed record UserSpecification(long Uid, long Gid, IReadOnlyList<long> AdditionalGids);

internal sealed record CapabilitySpecification(
    IReadOnlyList<string> Bounding,
    IReadOnlyList<string> Effective,
    IReadOnlyList<string> Permitted
);

internal sealed record RootSpecification(string Path, bool Readonly);

internal sealed record MountSpecification(string Destination, string Type, string Source, IReadOnlyList<string> Options);

internal sealed record LinuxSpecification
{
    public required IReadOnlyList<NamespaceSpecification> Namespaces { get; init; }
    public required string CgroupsPath { get; init; }
    public required ResourceSpecification Resources { get; init; }
    public required IReadOnlyList<string> MaskedPaths { get; init; }
    public required IReadOnlyList<string> ReadonlyPaths { get; init; }
    public JsonElement? Seccomp { get; init; }
    public string? RootfsPropagation { get; init; }
}

internal sealed record NamespaceSpecification(string Type, string? Path = null);

internal sealed record ResourceSpecification
{
    public required IReadOnlyList<DeviceRule> Devices { get; init; }
    public CpuSpecification? Cpu { get; init; }
    public MemorySpecification? Memory { get; init; }
    public PidsSpecification? Pids { get; init; }

    internal sealed record CpuSpecification(long? Shares, long? Quota, long? Period);

    internal sealed record MemorySpecification(long Limit);

    internal sealed record PidsSpecification(long Limit);
}

internal sealed record DeviceRule(bool Allow, string Access, string? Type = null, long? Major = null, long? Minor = null);

/// <summary>The record of a sandbox on disk.</summary>
internal sealed record SandboxRecord(string Id, SandboxSpec Spec, DateTimeOffset CreatedAt, IReadOnlyList<string> Addresses)
{
    /// <summary>Whether the sandbox is stopped: its containers are dead and its address is released.</summary>
    public bool Stopped { get; init; }
}

/// <summary>The record of a container on disk.</summary>
internal sealed record ContainerRecord(
    string Id,
    string SandboxId,
    string PodUid,
    ContainerSpec Spec,
    long Sequence,
    string ImageId,
    string StopSignal,
    IReadOnlyList<string> Layers,
    DateTimeOffset CreatedAt
)
{
    public ContainerState State { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }
    public int? ExitCode { get; init; }
    public string Reason { get; init; } = "";
    public int Pid { get; init; }

    /// <summary>
    /// The start time of the process in the kernel's clock ticks. It distinguishes the process from a later one with the same pid.
    /// </summary>
    public string ProcessStart { get; init; } = "";
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(RuntimeSpecification))]
[JsonSerializable(typeof(ProcessSpecification))]
[JsonSerializable(typeof(SandboxRecord))]
[JsonSerializable(typeof(ContainerRecord))]
internal sealed partial class OciRuntimeJson : JsonSerializerContext;
