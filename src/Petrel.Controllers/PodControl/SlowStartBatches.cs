namespace Petrel.Controllers.PodControl;

/// <summary>
/// Batches of doubling size (upstream: <c>slowStartBatch</c>). What makes one create fail, for example a quota, makes them all fail: a
/// small first batch finds that out with few requests.
/// </summary>
internal static class SlowStartBatches
{
    /// <summary>
    /// Divides the items into batches of 1, 2, 4, … items. Each batch is read from <paramref name="items"/> when its turn comes.
    /// </summary>
    public static IEnumerable<IReadOnlyList<T>> Of<T>(IEnumerable<T> items, int largest = int.MaxValue)
    {
        using var left = items.GetEnumerator();
        for (var size = 1; ; size = (int)Math.Min(2L * size, largest))
        {
            List<T> batch = [];
            while (batch.Count < size && left.MoveNext())
            {
                batch.Add(left.Current);
            }
            if (batch.Count == 0)
            {
                yield break;
            }
            yield return batch;
        }
    }
}
