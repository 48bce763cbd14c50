using Petrel.Agent.Runtimes;
using Petrel.Agent.Tests.Oci;

namespace Petrel.Agent.Tests.Runtimes;

public sealed class OciRuntimeContractTests : RuntimeContract
{
    private OciTestBed? _bed;

    protected override IContainerRuntime Runtime => _bed!.Runtime;

    public override async ValueTask InitializeAsync() => _bed = await OciTestBed.StartAsync();

    public override ValueTask DisposeAsync() => _bed?.DisposeAsync() ?? default;

    protected override Task RestartAsync(Func<Task> meanwhile) => _bed!.RestartAsync(meanwhile);

    protected override string NewLogPath(int number) => _bed!.PathOf($"{number}.log");
}
