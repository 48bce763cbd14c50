using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Petrel.Agent.Runtimes.Local;

namespace Petrel.Agent.Runtimes.Processes;

/// <summary>What the runtime knows about a sandbox, on disk.</summary>
internal sealed record SandboxEntry(string Id, SandboxSpec Spec, long Sequence, DateTimeOffset CreatedAt, string BootId)
{
    public bool Stopped { get; init; }
}

/// <summary>What the runtime knows about a container before it runs, on disk. What became of it the shim writes down.</summary>
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
    /// <summary>As the image and the pod give it: where the program is, is looked up when it starts.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>The folders, in the container's root, in which programs are looked up.</summary>
    public string Path { get; init; } = "";

    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>The working directory, on the host.</summary>
    public string Directory { get; init; } = "";
}

/// <summary>What a shim is to run.</summary>
/// <param name="Program">Path on the host.</param>
/// <param name="Arguments">Without the program's own name.</param>
internal sealed record Launch(
    string Program,
    IReadOnlyList<string> Arguments,
    IReadOnlyList<string> Environment,
    string Directory,
    string LogPath,
    string ExitFile
);

/// <summary>The shim's word that the program runs.</summary>
internal sealed record RunningEntry(ProcessEntry Program, ProcessEntry Shim, DateTimeOffset StartedAt);

/// <summary>The shim's (or, when it can't, the agent's) word that the program has ended.</summary>
internal sealed record ExitEntry(int Code, string Reason, DateTimeOffset FinishedAt);

/// <summary>A process, told from later ones with the same number.</summary>
/// <param name="Start">When it began, in the kernel's ticks since boot.</param>
internal sealed record ProcessEntry(int Pid, string Start, string BootId)
{
    /// <summary>Identifies the machine's run since it was switched on.</summary>
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
    /// <summary>Replaces the file whole.</summary>
    public static void Write<T>(string file, T value, JsonTypeInfo<T> type)
    {
        File.WriteAllBytes(file + ".new", JsonSerializer.SerializeToUtf8Bytes(value, type));
        File.Move(file + ".new", file, overwrite: true);
    }

    /// <summary>The file's content, or null when there is none.</summary>
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
