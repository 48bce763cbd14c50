using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Agent.Images;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Runtimes.Oci;
using Petrel.Agent.Runtimes.Processes;
using Petrel.Agent.Tests.Images;
using Petrel.Agent.Tests.Oci;
using Petrel.Model.Determinism;

namespace Petrel.Agent.Tests.Runtimes;

public sealed class ProcessRuntimeTests : RuntimeContract
{
    /// <summary>With this argument the test program is a shim.</summary>
    public const string ShimArgument = "process-shim";

    private static readonly CancellationToken None = CancellationToken.None;
    private readonly SeededEntropy _entropy = new((ulong)Random.Shared.NextInt64());
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("petrel-process-");
    private readonly ImageStore _images;
    private ProcessRuntime _runtime;

    public ProcessRuntimeTests()
    {
        _images = new ImageStore(PathOf("images"), _entropy, new RegistrySettings(), TimeProvider.System);
        _runtime = NewRuntime();
    }

    protected override IContainerRuntime Runtime => _runtime;

    public override async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(TestNode.Find("busybox") is null, "not installed: busybox");
        await _images.ImportAsync(TestImage.Busybox().WriteLayout(PathOf("layout"), "busybox"), None);
        await _runtime.StartAsync(None);
    }

    public override async ValueTask DisposeAsync()
    {
        foreach (var sandbox in await _runtime.ListSandboxesAsync(None))
        {
            await _runtime.RemoveSandboxAsync(sandbox.Id, None);
        }
        _runtime.Dispose();
        _images.Dispose();
        _directory.Delete(recursive: true);
    }

    protected override async Task RestartAsync(Func<Task> meanwhile)
    {
        _runtime.Dispose();
        await meanwhile();
        _runtime = NewRuntime();
        await _runtime.StartAsync(None);
    }

    protected override string NewLogPath(int number) => PathOf($"{number}.log");

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);

    private ProcessRuntime NewRuntime() => new(
        new ProcessRuntimeSettings
        {
            StateDirectory = PathOf("node"),
            NodeAddress = "127.0.0.1",
            ShimCommand = [Environment.ProcessPath!, ShimArgument],
        },
        _images,
        TimeProvider.System,
        _entropy,
        NullLogger<ProcessRuntime>.Instance);
}
