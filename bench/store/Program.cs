using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Petrel.Store;
using Petrel.Store.Sqlite;

// Durable commits of 1 KiB values: the store against SQLite used plainly (one transaction per write, same journal and flush
// settings), both in this run, in the same directory. Usage: bench/store [seconds per row] [directory]
var seconds = args.Length > 0 ? double.Parse(args[0]) : 3;
var directory = Path.Combine(args.Length > 1 ? Path.GetFullPath(args[1]) : Path.GetTempPath(), $"petrel-bench-{Environment.ProcessId}");
Directory.CreateDirectory(directory);
var value = new byte[1024];
new Random(1).NextBytes(value);
try
{
    Console.WriteLine($"{"", -34}{"commits/s", 12}{"ratio", 8}{"p50 ms", 9}{"p99 ms", 9}{"B/commit", 10}");
    Plain(0.5);
    var plain = Plain(seconds);
    Print("plain SQLite, 1 writer", plain, plain);
    await StoreAsync(16, 0.5);
    foreach (var writers in new[] { 1, 16, 64 })
    {
        Print($"SqliteStore, {writers} writer{(writers == 1 ? "" : "s")}", await StoreAsync(writers, seconds), plain);
    }
}
finally
{
    Directory.Delete(directory, recursive: true);
}

static void Print(string name, Row row, Row plain) =>
    Console.WriteLine(
        $"{name, -34}{row.PerSecond, 12:F0}{row.PerSecond / plain.PerSecond, 8:F2}{row.P50, 9:F2}{row.P99, 9:F2}{row.Allocated, 10:F0}"
    );

Row Plain(double duration)
{
    var path = Path.Combine(directory, $"plain-{Guid.NewGuid():N}.db");
    using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
    connection.Open();
    Run("PRAGMA locking_mode = EXCLUSIVE");
    Run("PRAGMA journal_mode = WAL");
    Run("PRAGMA synchronous = FULL");
    Run("PRAGMA wal_autocheckpoint = 8192");
    Run("CREATE TABLE change (id INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB)");
    using var insert = connection.CreateCommand();
    insert.CommandText = "INSERT INTO change (key, value) VALUES ($key, $value)";
    var key = insert.Parameters.Add("$key", SqliteType.Text);
    insert.Parameters.Add("$value", SqliteType.Blob).Value = value;
    return Measure(duration, latencies =>
    {
        var clock = Stopwatch.StartNew();
        for (var i = 0; clock.Elapsed.TotalSeconds < duration; i++)
        {
            var start = Stopwatch.GetTimestamp();
            key.Value = $"/configmaps/default/writer-0-{i}";
            insert.ExecuteNonQuery();
            latencies.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
    });

    void Run(string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}

async Task<Row> StoreAsync(int writers, double duration)
{
    await using var store = SqliteStore.Open(Path.Combine(directory, $"store-{Guid.NewGuid():N}.db"));
    return Measure(duration, latencies =>
    {
        var clock = Stopwatch.StartNew();
        Task.WhenAll(
                Enumerable
                    .Range(0, writers)
                    .Select(writer =>
                        Task.Run(async () =>
                        {
                            var own = new List<double>();
                            for (var i = 0; clock.Elapsed.TotalSeconds < duration; i++)
                            {
                                var start = Stopwatch.GetTimestamp();
                                var result = await store.CommitAsync(
                                    [StoreOperation.Put($"/configmaps/default/writer-{writer}-{i}", value, expectedRevision: 0)],
                                    CancellationToken.None
                                );
                                if (!result.Succeeded)
                                {
                                    throw new InvalidOperationException("The key is new.");
                                }

                                own.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                            }
                            lock (latencies)
                            {
                                latencies.AddRange(own);
                            }
                        })
                    )
            )
            .GetAwaiter()
            .GetResult();
    });
}

static Row Measure(double duration, Action<List<double>> run)
{
    var latencies = new List<double>(1 << 20);
    GC.Collect();
    var before = GC.GetTotalAllocatedBytes(precise: true);
    run(latencies);
    var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
    latencies.Sort();
    return new Row(
        latencies.Count / duration,
        latencies[latencies.Count / 2],
        latencies[latencies.Count * 99 / 100],
        (double)allocated / latencies.Count
    );
}

internal sealed record Row(double PerSecond, double P50, double P99, double Allocated);
