using System.Diagnostics;
using System.Globalization;
using Petrel.Store.Sqlite;
using static Petrel.Store.Tests.Kv;

namespace Petrel.Store.Tests;

/// <summary>
/// The victim of the crash tests, a process of its own: many writers commit batches of three keys without pause, and each
/// acknowledged batch is reported as a line on standard output, until somebody kills it.
/// </summary>
internal static class CrashWriter
{
    public const string Argument = "--crash-writer";
    public const int Writers = 12;

    private static readonly string Padding = new('x', 700);

    public static string Numbered(int writer, int number) => $"/{writer:D2}/numbered/{number:D6}";

    public static string Latest(int writer) => $"/{writer:D2}/latest";

    public static string Twin(int writer) => $"/{writer:D2}/twin";

    public static string Value(int writer, int number) => $"{writer} {number} {Padding}";

    public static Process Start(string path)
    {
        var start = new ProcessStartInfo(Path.ChangeExtension(typeof(CrashWriter).Assembly.Location, null), [Argument, path])
        {
            RedirectStandardOutput = true,
            Environment = { ["DOTNET_TieredPGO"] = "0" },
        };
        return Process.Start(start)!;
    }

    public static async Task<int> RunAsync(string path)
    {
        SqliteStore store;
        try
        {
            store = SqliteStore.Open(path);
        }
        catch (StoreFileException error)
        {
            Console.WriteLine(error.Message);
            return 1;
        }
        var output = new Lock();
        using var lines = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true, NewLine = "\n" };
        await Task.WhenAll(
            Enumerable
                .Range(0, Writers)
                .Select(async writer =>
                {
                    await Task.Yield();
                    var latest = await store.GetAsync(Latest(writer), default);
                    var number = latest is null ? 0 : Parse(latest.Value.Text()).Number;
                    while (true)
                    {
                        number++;
                        var value = Value(writer, number);
                        var result = await store.Commit(
                            Set(Latest(writer), value),
                            Set(Numbered(writer, number), value, expected: 0),
                            Set(Twin(writer), value)
                        );
                        if (!result.Succeeded)
                        {
                            throw new InvalidOperationException($"{result.FailedKey} exists already.");
                        }

                        lock (output)
                        {
                            lines.WriteLine($"{writer} {number} {result.Revision}");
                        }

                        if (writer == 0 && number % 10 == 0)
                        {
                            await store.CompactAsync(Math.Max(0, store.CurrentRevision - 50), default);
                        }
                    }
                })
        );
        return 0;
    }

    public static (int Writer, int Number) Parse(string value)
    {
        var parts = value.Split(' ');
        return (int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture));
    }
}
