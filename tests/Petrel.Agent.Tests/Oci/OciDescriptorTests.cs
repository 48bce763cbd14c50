namespace Petrel.Agent.Tests.Oci;

/// <summary>Counts the descriptors of this process, so that no other test may run meanwhile.</summary>
[Collection(Alone)]
[CollectionDefinition(Alone, DisableParallelization = true)]
public sealed class OciDescriptorTests
{
    private const string Alone = "descriptors";
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task Pods_that_came_and_went_leave_no_descriptor_open()
    {
        await using var bed = await OciTestBed.StartAsync();
        await RunOneAsync(); // Opens what stays open: the image store, the watch for exits, the thread pool's sockets.
        var before = Open();
        for (var i = 0; i < 10; i++)
        {
            await RunOneAsync();
        }
        // Each pod runs some ten programs, with two pipes to read each. None of them may wait for the garbage collector.
        Assert.InRange(Open(), 0, before + 8);

        async Task RunOneAsync()
        {
            var (sandbox, id) = await bed.RunAsync(bed.Container("sleep", "1000"));
            await bed.ExecAsync(id, "true");
            await bed.Runtime.RemoveSandboxAsync(sandbox, None);
        }

        static int Open() => Directory.GetFiles("/proc/self/fd").Length;
    }
}
