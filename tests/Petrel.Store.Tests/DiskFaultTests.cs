using Petrel.Store.Sqlite;
using static Petrel.Store.Tests.Kv;

namespace Petrel.Store.Tests;

/// <summary>What the embedded store does when the disk fails at a step of a write.</summary>
public sealed class DiskFaultTests : IAsyncDisposable
{
    private const int IoError = 10;
    private const int ReadOnly = 8;
    private const int Full = 13;

    private readonly TemporaryDirectory _directory = new();
    private readonly SqliteStore _store;
    private volatile int _code;
    private int _left;
    private LogStep _step;

    public DiskFaultTests() => _store = SqliteStore.Open(_directory.File("store.db"), null, Fault);

    public async ValueTask DisposeAsync()
    {
        _code = 0;
        await _store.DisposeAsync();
        _directory.Dispose();
    }

    [Theory]
    [InlineData(IoError, "Append")]
    [InlineData(ReadOnly, "Append")]
    [InlineData(IoError, "Commit")]
    [InlineData(Full, "Append")]
    [InlineData(Full, "Commit")]
    public async Task A_write_that_fails_is_not_there_and_the_store_recovers_by_itself(int code, string step)
    {
        await _store.Commit(Set("a", "1"));
        Break(code, Enum.Parse<LogStep>(step), times: int.MaxValue);
        var error = await Assert.ThrowsAsync<StoreWriteException>(() => _store.Commit(Set("a", "2")).WaitAsync(Deadline));
        Assert.Equal(code == Full ? StoreFault.NoSpace : StoreFault.Failing, error.Fault);
        Assert.Equal(error.Fault, _store.Health.Fault);
        await Assert.ThrowsAsync<StoreWriteException>(() => _store.Commit(Set("a", "3")).WaitAsync(Deadline));
        Assert.Equal(["a=1@1(1)"], (await _store.Range("")).Lines());
        Assert.Equal(1, _store.CurrentRevision);

        _code = 0;
        await Recovered();
        Assert.Equal(new CommitResult(true, 2), await _store.Commit(Set("a", "4", 1)));
        await HoldsAfterRestart("a=4@2(1)");
    }

    [Fact]
    public async Task A_write_whose_confirmation_is_lost_succeeds_when_the_file_has_it()
    {
        Break(IoError, LogStep.Confirm, times: 1);
        Assert.Equal(new CommitResult(true, 1), await _store.Commit(Set("a", "1")).WaitAsync(Deadline));
        Assert.Equal(["a=1@1(1)"], (await _store.Range("")).Lines());
        await Recovered();
        Assert.Equal(new CommitResult(true, 2), await _store.Commit(Set("a", "2", 1)));
        await HoldsAfterRestart("a=2@2(1)");
    }

    [Fact]
    public async Task A_write_whose_outcome_stays_unknown_shows_up_when_the_file_can_be_opened_again()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        await using var watch = _store.WatchAsync("", 0, deadline.Token).GetAsyncEnumerator();
        var next = watch.MoveNextAsync();
        _unopenable = true;
        Break(IoError, LogStep.Confirm, times: 1);
        var unknown = await Assert.ThrowsAsync<StoreFileException>(() => _store.Commit(Set("a", "1")).WaitAsync(Deadline));
        Assert.IsNotType<StoreWriteException>(unknown, exactMatch: false);
        await Assert.ThrowsAsync<StoreWriteException>(() => _store.Commit(Set("a", "2")).WaitAsync(Deadline));
        Assert.Null(await _store.GetAsync("a", default));

        _unopenable = false;
        Assert.True(await next);
        Assert.Equal("1", Assert.Single(watch.Current.Changes).Value.Text());
        await Recovered();
        Assert.Equal(new CommitResult(true, 2), await _store.Commit(Set("a", "2", 1)));
        await HoldsAfterRestart("a=2@2(1)");
    }

    [Fact]
    public async Task A_full_disk_takes_deletions_and_their_steps_of_a_group_and_refuses_the_rest()
    {
        await _store.Commit(Set("a", "1"), Set("b", "1"));
        Break(Full, LogStep.Append, times: 1);
        await Assert.ThrowsAsync<StoreWriteException>(() => _store.Commit(Set("c", "1")).WaitAsync(Deadline));
        // The disk has space in truth, so the next look finds it.
        await Recovered();
        Break(Full, LogStep.Commit, times: 1);
        Assert.True((await _store.Commit(Delete("a")).WaitAsync(Deadline)).Succeeded);
        Break(Full, LogStep.Append, times: 2);
        Assert.True((await _store.Commit(Set("b", "ends") with { FreesSpace = true }).WaitAsync(Deadline)).Succeeded);
        await HoldsAfterRestart("b=ends@3(1)");
    }

    [Fact]
    public async Task A_compaction_that_fails_is_finished_by_the_next()
    {
        for (var i = 1; i <= 5; i++)
        {
            await _store.Commit(Set("a", $"{i}"));
        }
        var writes = 0;
        _onCommit = () => ++writes == 2;
        await Assert.ThrowsAsync<StoreWriteException>(() => _store.CompactAsync(4, default).AsTask().WaitAsync(Deadline));
        _onCommit = null;
        await Recovered();
        await _store.CompactAsync(5, default);
        await _store.DisposeAsync();
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_directory.File("store.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM change";
        Assert.Equal(1L, command.ExecuteScalar());
    }

    private volatile bool _unopenable;
    private volatile Func<bool>? _onCommit;

    private int Fault(LogStep step)
    {
        if (step == LogStep.Open)
        {
            return _unopenable ? IoError : 0;
        }
        if (step == LogStep.Commit && _onCommit?.Invoke() == true)
        {
            return IoError;
        }
        return _code != 0 && step == _step && _left-- > 0 ? _code : 0;
    }

    private void Break(int code, LogStep step, int times)
    {
        (_step, _left) = (step, times);
        _code = code;
    }

    private async Task Recovered()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        while (_store.Health.Fault != StoreFault.None)
        {
            await Task.Delay(10, deadline.Token);
        }
    }

    private async Task HoldsAfterRestart(params string[] lines)
    {
        Assert.Equal(lines, (await _store.Range("")).Lines());
        await _store.DisposeAsync();
        await using var again = SqliteStore.Open(_directory.File("store.db"));
        Assert.Equal(lines, (await again.Range("")).Lines());
    }
}
