using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using dotnet_etcd;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;

namespace Petrel.Bench.Api;

/// <summary>etcd alone (Debian's etcd-server), without TLS: the store that other control planes are built on.</summary>
internal sealed class EtcdPeer : IPeer
{
    private readonly string _directory;
    private readonly Process _process;
    private readonly int _port;

    private EtcdPeer(string directory, Process process, int port) => (_directory, _process, _port) = (directory, process, port);

    public static bool IsInstalled => File.Exists("/usr/bin/etcd");

    public string Name => "etcd";
    public int ProcessId => _process.Id;

    public static async Task<EtcdPeer> StartAsync()
    {
        var directory = Directory.CreateTempSubdirectory("petrel-bench-etcd-").FullName;
        var (client, peer) = (FreePort(), FreePort());
        var process = Process.Start(
            new ProcessStartInfo(
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
            }
        )!;
        using var http = new HttpClient();
        for (var healthy = false; !healthy; )
        {
            try
            {
                healthy = (await http.GetStringAsync(new Uri($"http://127.0.0.1:{client}/health"))).Contains(
                    "true",
                    StringComparison.Ordinal
                );
            }
            catch (HttpRequestException)
            {
                await Task.Delay(10);
            }
        }
        return new EtcdPeer(directory, process, client);
    }

    public Task<IPeerClient> ConnectAsync() => Task.FromResult<IPeerClient>(new Client(_port));

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    private sealed class Client(int port) : IPeerClient
    {
        private readonly EtcdClient _etcd = new($"http://127.0.0.1:{port}", configureChannelOptions: options =>
        {
            options.Credentials = ChannelCredentials.Insecure;
            options.MaxReceiveMessageSize = null;
        });

        public async Task CreateAsync(string collection, string name, byte[] body) =>
            await _etcd.PutAsync(new PutRequest { Key = Key(collection, name), Value = UnsafeByteOperations.UnsafeWrap(body) });

        public async Task<long> GetAsync(string collection, string name) =>
            (await _etcd.GetAsync(new RangeRequest { Key = Key(collection, name) })).Kvs[0].Value.Length;

        public async Task<long> ListAsync(string collection)
        {
            var answer = await _etcd.GetAsync(
                new RangeRequest { Key = Key(collection, ""), RangeEnd = ByteString.CopyFromUtf8($"/{collection}0") }
            );
            return answer.Kvs.Sum(k => (long)k.Value.Length);
        }

        public async Task MarkAsync(string collection, string name, string mark)
        {
            var body = new byte[1024 + mark.Length + 1];
            Array.Fill(body, (byte)' ');
            System.Text.Encoding.ASCII.GetBytes(mark + "!", body);
            await CreateAsync(collection, name, body);
        }

        public async Task WatchAsync(
            string collection,
            Action<string> seen,
            TaskCompletionSource standing,
            CancellationToken cancellationToken
        )
        {
            var request = new WatchRequest
            {
                CreateRequest = new WatchCreateRequest { Key = Key(collection, ""), RangeEnd = ByteString.CopyFromUtf8($"/{collection}0") },
            };
            await _etcd.WatchAsync(
                request,
                response =>
                {
                    if (response.Created)
                    {
                        standing.TrySetResult();
                    }
                    foreach (var change in response.Events)
                    {
                        var text = change.Kv.Value.ToStringUtf8();
                        seen(text[..text.IndexOf('!', StringComparison.Ordinal)]);
                    }
                },
                cancellationToken: cancellationToken
            );
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        public void Dispose() => _etcd.Dispose();

        private static ByteString Key(string collection, string name) => ByteString.CopyFromUtf8($"/{collection}/{name}");
    }
}
