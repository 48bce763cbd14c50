using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using k8s.Models;
using Petrel.Client;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Connections;
using Petrel.LocalCluster.Processes;
using Petrel.Model;
using Petrel.Model.Api;

namespace Petrel.EndToEnd.Tests;

/// <summary>The whole server, killed again and again while many clients write.</summary>
public sealed class KilledServerTests
{
    private const int Writers = 16;
    private const int Kills = 8;

    // Each writer counts in two objects; the number stands in two fields, so that half a write would show.
    private readonly ConcurrentDictionary<string, long> _acknowledged = new();
    private long _writes;

    [RootFact]
    public async Task Every_acknowledged_write_survives_kill_minus_nine()
    {
        await using var cluster = await TestCluster.UpAsync(nodes: 1);
        var directory = new ClusterDirectory(cluster.DataDirectory);
        var settings = ClusterSettings.Require(directory);
        using var connection = ClusterConnections.OpenAsAdmin(directory, settings);
        var client = new ApiClient(connection, UserInfo.Anonymous);
        using var stop = new CancellationTokenSource();
        var writers = Enumerable.Range(0, Writers).Select(n => WriteAsync(client, n, stop.Token)).ToArray();

        for (var kill = 0; kill < Kills; kill++)
        {
            var before = Interlocked.Read(ref _writes);
            await Eventually.TrueAsync(
                "clients write",
                () => Task.FromResult(Interlocked.Read(ref _writes) >= before + 200),
                TimeSpan.FromSeconds(30),
                cluster.DescribeAsync
            );
            var known = _acknowledged.ToArray();
            Kill(directory.ServerPid);
            await Eventually.TrueAsync(
                "the server is back",
                async () => (await cluster.TryKubectlAsync("get", "--raw", "/readyz")).ExitCode == 0,
                TimeSpan.FromSeconds(30),
                cluster.DescribeAsync
            );
            await CheckAsync(client, known);
        }
        await stop.CancelAsync();
        await Task.WhenAll(writers);

        await CheckAsync(client, [.. _acknowledged]);
        Assert.True(_acknowledged.Count == Writers * 2, $"{_acknowledged.Count} objects were written");
    }

    private static async Task CheckAsync(ApiClient client, KeyValuePair<string, long>[] acknowledged)
    {
        var (stored, _) = await client.ListAsync<V1ConfigMap>("default", CancellationToken.None, labelSelector: "test=kill");
        var values = stored.ToDictionary(m => m.Metadata.Name);
        foreach (var (name, number) in acknowledged)
        {
            Assert.True(values.TryGetValue(name, out var map), $"{name} was acknowledged and is gone");
            Assert.Equal(map.Data["first"], map.Data["second"]);
            var found = long.Parse(map.Data["first"], CultureInfo.InvariantCulture);
            Assert.True(found >= number, $"{name} was acknowledged at {number} and is at {found}");
        }
    }

    private async Task WriteAsync(ApiClient client, int writer, CancellationToken cancellationToken)
    {
        for (var number = 1L; !cancellationToken.IsCancellationRequested; number++)
        {
            var name = $"counter-{writer}-{number % 2}";
            try
            {
                await PutAsync(client, name, number);
                _acknowledged[name] = number;
                Interlocked.Increment(ref _writes);
            }
            catch (Exception e) when (e is IOException or HttpRequestException or ApiException)
            {
                // The server is down, or died with the request: it counts for nothing, and may have happened all the same.
                await Task.Delay(20, CancellationToken.None);
            }
        }
    }

    private static async Task PutAsync(ApiClient client, string name, long number)
    {
        var text = number.ToString(CultureInfo.InvariantCulture);
        var map = new V1ConfigMap
        {
            ApiVersion = "v1",
            Kind = "ConfigMap",
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = "default",
                Labels = new Dictionary<string, string> { ["test"] = "kill" },
            },
            Data = new Dictionary<string, string> { ["first"] = text, ["second"] = text },
        };
        if (await client.FindAsync<V1ConfigMap>(new ObjectKey("default", name), CancellationToken.None) is null)
        {
            await client.CreateAsync(map, CancellationToken.None);
        }
        else
        {
            await client.UpdateAsync(map, CancellationToken.None);
        }
    }

    private static void Kill(string pidFile)
    {
        var server = ProcessRecord.Find(pidFile);
        Assert.NotNull(server);
        Process.GetProcessById(server.Pid).Kill();
    }
}
