using Petrel.LocalCluster.Supervision;

namespace Petrel.LocalCluster.Tests.Supervision;

public sealed class ClusterLockTests : IDisposable
{
    private readonly ClusterDirectory _directory = new(Directory.CreateTempSubdirectory("petrel-lock-").FullName);

    [Fact]
    public void One_command_at_a_time_changes_a_cluster()
    {
        using (ClusterLock.TakeForChange(_directory))
        {
            var refused = Assert.Throws<UserErrorException>(() => ClusterLock.TakeForChange(_directory));
            Assert.Contains("Another 'petrel up' or 'petrel down' is at work", refused.Message, StringComparison.Ordinal);
        }
        ClusterLock.TakeForChange(_directory).Dispose();
    }

    [Fact]
    public void A_cluster_has_one_supervisor_and_commands_beside_it()
    {
        using var supervision = ClusterLock.TakeForSupervision(_directory);

        Assert.Throws<UserErrorException>(() => ClusterLock.TakeForSupervision(_directory));
        ClusterLock.TakeForChange(_directory).Dispose();
    }

    [Fact]
    public async Task A_command_that_waits_gets_the_lock_when_the_other_is_done()
    {
        var first = ClusterLock.TakeForChange(_directory);
        var second = ClusterLock.TakeForChangeAsync(_directory, TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.False(second.IsCompleted);

        first.Dispose();

        (await second).Dispose();
    }

    [Fact]
    public async Task A_command_that_waits_gives_up_at_its_limit()
    {
        using var first = ClusterLock.TakeForChange(_directory);

        await Assert.ThrowsAsync<UserErrorException>(() =>
            ClusterLock.TakeForChangeAsync(_directory, TimeSpan.FromMilliseconds(100), TestContext.Current.CancellationToken)
        );
    }

    public void Dispose() => Directory.Delete(_directory.Root, recursive: true);
}
