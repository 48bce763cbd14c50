using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Petrel.Bench.Startup;

/// <summary>
/// etcd alone (Debian's etcd-server), as the baseline: what the store of another control plane takes before anything is built on it.
/// </summary>
internal static class EtcdPeer
{
    public static bool IsInstalled => File.Exists("/usr/bin/etcd");

    /// <summary>Starts etcd in an empty directory on loopback, waits until it is healthy, and measures it when idle.</summary>
    public static async Task<Figures> MeasureAsync()
    {
        var directory = Directory.CreateTempSubdirectory("petrel-bench-etcd-").FullName;
        var (client, peer) = (FreePort(), FreePort());
        var start = new ProcessStartInfo(
            "/usr/bin/etcd",
            [
                "--data-dir",
                directory,
                "--log-level",
                "error",
                "--listen-client-urls",
                $"http://127.0.0.1:{client}",
                "--advertise-client-urls",
                $"http://127.0.0.1:{client}",
                "--listen-peer-urls",
                $"http://127.0.0.1:{peer}",
                "--initial-advertise-peer-urls",
                $"http://127.0.0.1:{peer}",
                "--initial-cluster",
                $"default=http://127.0.0.1:{peer}",
            ]
        )
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        try
        {
            using var http = new HttpClient();
            while (!await IsHealthyAsync(http, client))
            {
                await Task.Delay(5);
            }
            var ready = watch.Elapsed.TotalSeconds;
            await Task.Delay(TimeSpan.FromSeconds(2));
            return new(ready, ready, ProcessMemory.Of(process.Id));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
            Directory.Delete(directory, recursive: true);
        }
    }

    private static async Task<bool> IsHealthyAsync(HttpClient http, int port)
    {
        try
        {
            return (await http.GetStringAsync(new Uri($"http://127.0.0.1:{port}/health"))).Contains("true", StringComparison.Ordinal);
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
