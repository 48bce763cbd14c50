using System.Net;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Runtimes.Simulated;
using Petrel.Model.Determinism;

namespace Petrel.Agent.Tests.Runtimes;

public sealed class SimulatedRuntimeTests : RuntimeContract
{
    private static readonly SimulatedRuntimeSettings Quick = new()
    {
        Addresses = IPNetwork.Parse("10.200.1.0/29"),
        SandboxLatency = Latency.Milliseconds(1, 5),
        StartLatency = Latency.Milliseconds(1, 5),
        PullLatency = Latency.Milliseconds(1, 5),
        Images = ["busybox"],
        Behaviour = spec => OfScript(spec.Command[^1]),
    };

    private readonly SimulatedRuntime _runtime = new(TimeProvider.System, new SeededEntropy(1), Quick);

    protected override IContainerRuntime Runtime => _runtime;

    protected override bool HasOutput => false;

    [Fact]
    public async Task Pods_get_addresses_of_the_range_in_turn_until_none_is_free()
    {
        var addresses = new List<string>();
        var sandboxes = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            var sandbox = await _runtime.RunSandboxAsync(Pod(), CancellationToken.None);
            addresses.Add(Assert.Single(sandbox.Addresses));
            sandboxes.Add(sandbox.Id);
        }
        Assert.Equal(["10.200.1.2", "10.200.1.3", "10.200.1.4", "10.200.1.5", "10.200.1.6"], addresses);
        var full = await Assert.ThrowsAsync<RuntimeException>(() => _runtime.RunSandboxAsync(Pod(), CancellationToken.None).AsTask());
        Assert.Equal("CreatePodSandboxError", full.Reason);
        Assert.Empty((await _runtime.RunSandboxAsync(Pod() with { HostNetwork = true }, CancellationToken.None)).Addresses);
        await _runtime.StopSandboxAsync(sandboxes[0], CancellationToken.None);
        await _runtime.StopSandboxAsync(sandboxes[3], CancellationToken.None);
        Assert.Equal(["10.200.1.2"], (await _runtime.RunSandboxAsync(Pod(), CancellationToken.None)).Addresses);
        Assert.Equal(["10.200.1.5"], (await _runtime.RunSandboxAsync(Pod(), CancellationToken.None)).Addresses);
        await _runtime.StopSandboxAsync(sandboxes[1], CancellationToken.None);
        await _runtime.RemoveSandboxAsync(sandboxes[1], CancellationToken.None);
        Assert.Equal(["10.200.1.3"], (await _runtime.RunSandboxAsync(Pod(), CancellationToken.None)).Addresses);
    }

    [Fact]
    public async Task An_image_is_present_once_it_was_pulled()
    {
        var pulled = await _runtime.PullImageAsync("example.com/app:2", CancellationToken.None);
        Assert.Equal(pulled, await _runtime.PullImageAsync("example.com/app:2", CancellationToken.None));
        Assert.Equal(pulled, await _runtime.FindImageAsync("example.com/app:2", CancellationToken.None));
        Assert.Null(await _runtime.FindImageAsync("example.com/app:3", CancellationToken.None));
        var byDigest = pulled.References.Single(r => r.Contains('@', StringComparison.Ordinal));
        Assert.Equal(pulled, await _runtime.FindImageAsync(byDigest, CancellationToken.None));
        Assert.Equal(2, (await _runtime.ListImagesAsync(CancellationToken.None)).Count);
    }

    public override ValueTask InitializeAsync() => _runtime.StartAsync(CancellationToken.None);

    public override ValueTask DisposeAsync() => default;

    protected override async Task RestartAsync(Func<Task> meanwhile)
    {
        _runtime.PodChanged = null;
        await meanwhile();
        await _runtime.StartAsync(CancellationToken.None);
    }

    protected override string NewLogPath(int number) => $"/simulated/{number}.log";

    // What a shell would do with the contract's scripts.
    private static ContainerBehaviour OfScript(string script)
    {
        var words = script.Split([' ', ';'], StringSplitOptions.RemoveEmptyEntries);
        var behaviour = new ContainerBehaviour
        {
            IgnoresTermination = script.Contains("trap ''", StringComparison.Ordinal),
            TerminationTime = TimeSpan.FromMilliseconds(10),
            Cores = 1,
            MemoryBytes = 1 << 20,
            Exec = command =>
                command is ["sleep", var seconds]
                    ? new SimulatedCommand(0, TimeSpan.FromSeconds(double.Parse(seconds)))
                    : new SimulatedCommand(ExitCode(command[^1])),
        };
        return script.StartsWith("trap", StringComparison.Ordinal) || !words.Contains("exit")
            ? behaviour
            : behaviour with
            {
                EndsAfter = TimeSpan.FromSeconds(words[0] == "sleep" ? double.Parse(words[1]) : 0.01),
                ExitCode = ExitCode(script),
            };
    }

    private static int ExitCode(string script) => int.Parse(script.Split(' ')[^1]);
}
