using System.Net;
using System.Net.Sockets;
using Petrel.Model.Api;

namespace Petrel.LocalCluster.Forwarding;

/// <summary>
/// Listens on a port of the host's loopback address and forwards each connection to a ready pod of a Service, as kube-proxy's user-space
/// mode did. The host has routes to the pods' addresses, so connections don't pass through a proxy on a node.
/// </summary>
public sealed class ServiceForwarder(IApiHandler api, ServiceForward forward, TimeProvider time, Action<string> progress)
{
    private const int MaxConnections = 256;
    private static readonly TimeSpan ListenAgain = TimeSpan.FromSeconds(5);

    /// <summary>How long a connection waits for the Service to have a ready endpoint.</summary>
    private static readonly TimeSpan BackendLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan BackendPoll = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(1);

    /// <summary>Forwards until cancelled. While another program uses the port, it retries.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var backends = new ServiceBackends(api, forward, time);
        using var slots = new SemaphoreSlim(MaxConnections);
        using var listener = await ListenAsync(cancellationToken);
        var connections = new HashSet<Task>();
        try
        {
            while (true)
            {
                await slots.WaitAsync(cancellationToken);
                var client = await listener.AcceptSocketAsync(cancellationToken);
                connections.RemoveWhere(connection => connection.IsCompleted);
                connections.Add(ServeAsync(client, backends, slots, cancellationToken));
            }
        }
        finally
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task<TcpListener> ListenAsync(CancellationToken cancellationToken)
    {
        var told = false;
        while (true)
        {
            var listener = new TcpListener(IPAddress.Loopback, forward.HostPort);
            try
            {
                listener.Start();
                return listener;
            }
            catch (SocketException e)
            {
                listener.Dispose();
                if (!told)
                {
                    progress($"port {forward.HostPort} is not free ({e.Message}): Service {forward.Service} can't be reached on it yet");
                    told = true;
                }
                await Task.Delay(ListenAgain, time, cancellationToken);
            }
        }
    }

    private async Task ServeAsync(Socket client, ServiceBackends backends, SemaphoreSlim slots, CancellationToken cancellationToken)
    {
        try
        {
            using var _ = client;
            using var backend = await ConnectAsync(backends, cancellationToken);
            if (backend is null)
            {
                return;
            }
            using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAll(PumpAsync(client, backend, end), PumpAsync(backend, client, end));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // One side closed the connection, or forwarding ends. Close both sides.
        }
        finally
        {
            slots.Release();
        }
    }

    // Connects to any ready endpoint, starting with a random one. Null when none accepts within the limit.
    private async Task<Socket?> ConnectAsync(ServiceBackends backends, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (time.GetElapsedTime(start) < BackendLimit)
        {
            var ready = (await backends.ReadAsync(cancellationToken)).ToArray();
            Random.Shared.Shuffle(ready);
            foreach (var endpoint in ready)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                limit.CancelAfter(ConnectLimit);
                try
                {
                    await socket.ConnectAsync(endpoint, limit.Token);
                    return socket;
                }
                catch (Exception e)
                    when (e is SocketException || e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
                {
                    socket.Dispose();
                }
            }
            await Task.Delay(BackendPoll, time, cancellationToken);
        }
        return null;
    }

    // Copies data in one direction, then closes that direction. A failure ends the other direction too.
    private static async Task PumpAsync(Socket from, Socket to, CancellationTokenSource end)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            int count;
            while ((count = await from.ReceiveAsync(buffer, end.Token)) > 0)
            {
                for (var sent = 0; sent < count; )
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), end.Token);
                }
            }
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            await end.CancelAsync();
        }
    }
}
