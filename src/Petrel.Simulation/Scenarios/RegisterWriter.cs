using k8s.Models;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Simulation.Invariants;

namespace Petrel.Simulation.Scenarios;

/// <summary>
/// A user who writes counters into ConfigMaps, reads them back, and reports each acknowledged write that is lost.
/// </summary>
internal sealed class RegisterWriter(
    ApiClient client,
    AcknowledgedWrites writes,
    TimeProvider time,
    IEntropy entropy,
    Action<string, string> report,
    int registers
)
{
    private const string Namespace = "default";
    private const string Field = "count";

    /// <summary>Writes and reads until cancelled.</summary>
    public async Task RunAsync(TimeSpan duration, CancellationToken cancellationToken)
    {
        await Task.Yield();
        var start = time.GetTimestamp();
        while (time.GetElapsedTime(start) < duration)
        {
            var name = $"register-{entropy.Next(registers)}";
            try
            {
                if (entropy.Next(3) == 0)
                {
                    await ReadAsync(name, cancellationToken);
                }
                else
                {
                    await WriteAsync(name, cancellationToken);
                }
            }
            catch (Exception e) when (e is IOException or ApiException { Status.Code: 409 or 429 or >= 500 })
            {
                // The outcome is unknown, or the server is not ready: as users see it while things break.
            }
            await Task.Delay(TimeSpan.FromMilliseconds(200 + entropy.Next(1800)), time, cancellationToken);
        }
    }

    /// <summary>Reads every register once, trying again while the server can't be reached.</summary>
    public async Task CheckAllAsync(CancellationToken cancellationToken)
    {
        foreach (var name in writes.Keys.ToArray())
        {
            await Retry.AsUserAsync(time, async () => await ReadAsync(name, cancellationToken), cancellationToken);
        }
    }

    private async Task ReadAsync(string name, CancellationToken cancellationToken)
    {
        var before = writes.Last(name);
        var found = await client.FindAsync<V1ConfigMap>(new ObjectKey(Namespace, name), cancellationToken);
        if (writes.Check(name, before, found is null ? null : (CountOf(found), Revision(found))) is { } problem)
        {
            report("acknowledged writes", problem);
        }
    }

    private async Task WriteAsync(string name, CancellationToken cancellationToken)
    {
        var before = writes.Last(name);
        var found = await client.FindAsync<V1ConfigMap>(new ObjectKey(Namespace, name), cancellationToken);
        if (writes.Check(name, before, found is null ? null : (CountOf(found), Revision(found))) is { } problem)
        {
            report("acknowledged writes", problem);
        }
        var value = (found is null ? 0 : CountOf(found)) + 1;
        var written = found is null
            ? await client.CreateAsync(
                new V1ConfigMap
                {
                    ApiVersion = "v1",
                    Kind = "ConfigMap",
                    Metadata = new() { Name = name, NamespaceProperty = Namespace },
                    Data = new Dictionary<string, string> { [Field] = Text(value) },
                },
                cancellationToken
            )
            : await client.UpdateAsync(With(found, value), cancellationToken);
        writes.Acknowledge(name, value, Revision(written));
    }

    private static V1ConfigMap With(V1ConfigMap map, int value)
    {
        map.Data[Field] = Text(value);
        return map;
    }

    private static int CountOf(V1ConfigMap map) => int.Parse(map.Data[Field], System.Globalization.CultureInfo.InvariantCulture);

    private static long Revision(V1ConfigMap map) =>
        long.Parse(map.Metadata.ResourceVersion, System.Globalization.CultureInfo.InvariantCulture);

    private static string Text(int value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
