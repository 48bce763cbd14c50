using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Petrel.Agent.Runtimes.Local;

namespace Petrel.Agent.Runtimes.Processes;

/// <summary>The record of a sandbox on disk.</summary>
internal sealed record SandboxEntry(string Id, SandboxSpec Spec, long Sequence, DateTimeOffset CreatedAt, string BootId)
{
    public bool Stopped { get; init; }
}

/// <summary>
/// The record of a container on disk, written before the container runs. The shim writes the later states to separate files.
/// </summary>
internal sealed record ContainerEntry(
    string Id,
    string SandboxId,
    string PodUid,
    ContainerSpec Spec,
    long Sequence,
    string ImageId,
    string StopSignal,
    DateTimeOffset CreatedAt
)
{
    /// <summary>The command as the image and the pod specify it. The program's path is resolved when the container starts.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>The search path for programs: directories in the container's root.</summary>
    public string Path { get; init; } = "";

    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>The working directory, as a host path.</summary>
    public string Directory { get; init; } = "";
}

/// <summary>The program that a shim runs.</summary>
/// <param name="Program">The host path of the program.</param>
/// <param name="Arguments">The arguments, without the program's name.</param>
internal sealed record Launch(
    string Program,
    IReadOnlyList<string> Arguments,
    IReadOnlyList<string> Environment,
    string Directory,
    string LogPath,
    string ExitFile
);

/// <summary>The shim's report that the program has started.</summary>
internal sealed record RunningEntry(ProcessEntry Program, ProcessEntry Shim, DateTimeOffset StartedAt);

/// <summary>The report that the program has exited. The shim writes it, or the agent if the shim can't.</summary>
internal sealed record ExitEntry(int Code, string Reason, DateTimeOffset FinishedAt);

/// <summary>Identifies a process, distinguished from later processes with the same pid.</summary>
/// <param name="Start">The start time of the process, in clock ticks since boot.</param>
internal sealed record ProcessEntry(int Pid, string Start, string BootId)
{
    /// <summary>The kernel's id of the current boot.</summary>
    public static string CurrentBoot { get; } = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();

    [JsonIgnore]
    public bool IsAlive => BootId == CurrentBoot && ProcessIdentity.IsAlive(Pid, Start);

    public static ProcessEntry Of(int pid) => new(pid, ProcessIdentity.StartOf(pid), CurrentBoot);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(SandboxEntry))]
[JsonSerializable(typeof(ContainerEntry))]
[JsonSerializable(typeof(Launch))]
[JsonSerializable(typeof(RunningEntry))]
[JsonSerializable(typeof(ExitEntry))]
internal sealed partial class ProcessJson : JsonSerializerContext
{
    /// <summary>Replaces the file atomically.</summary>
    public static void Write<T>(string file, T value, JsonTypeInfo<T> type)
    {
        File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(value, type));
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>The file's content, or null when the file does not exist.</summary>
    public static T? Read<T>(string file, JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(file), type);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
