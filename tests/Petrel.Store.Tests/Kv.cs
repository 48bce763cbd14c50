using System.Text;

namespace Petrel.Store.Tests;

/// <summary>Short words for the tests: text values, single operations, and waiting with a deadline.</summary>
internal static class Kv
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    public static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public static string Text(this ReadOnlyMemory<byte> bytes) => Encoding.UTF8.GetString(bytes.Span);

    public static string? Text(this ReadOnlyMemory<byte>? bytes) => bytes?.Text();

    public static StoreOperation Set(string key, string value, long? expected = null) => StoreOperation.Put(key, Bytes(value), expected);

    public static StoreOperation Delete(string key, long? expected = null) => StoreOperation.Delete(key, expected);

    public static Task<CommitResult> Commit(this IRevisionedStore store, params StoreOperation[] operations) =>
        store.CommitAsync(operations, CancellationToken.None).AsTask();

    public static Task<RangeResult> Range(this IRevisionedStore store, string prefix, long at = 0, string? after = null, int limit = 0) =>
        store.RangeAsync(prefix, at, after, limit, CancellationToken.None).AsTask();

    /// <summary>One line per entry: key=value@modified(created).</summary>
    public static IEnumerable<string> Lines(this RangeResult range) =>
        range.Entries.Select(e => $"{e.Key}={e.Value.Text()}@{e.ModRevision}({e.CreateRevision})");

    /// <summary>Reads a watch until it has seen everything up to a revision.</summary>
    public static async Task<List<StoreChange>> ChangesUpTo(this IRevisionedStore store, string prefix, long after, long upTo)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var changes = new List<StoreChange>();
        if (upTo <= after)
        {
            return changes;
        }

        await foreach (var batch in store.WatchAsync(prefix, after, deadline.Token))
        {
            changes.AddRange(batch.Changes);
            if (batch.UpTo >= upTo)
            {
                break;
            }
        }
        return changes;
    }
}
