using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Petrel.Hosting.Front;

/// <summary>
/// Accepts connections only while there is room for them. Without it, a burst of connections would take all file descriptors before any of
/// them is looked at, and a process without descriptors can't even read how much memory there is. Until there is room, clients wait in the
/// kernel's backlog.
/// </summary>
internal sealed class LimitedListenerFactory(IConnectionListenerFactory sockets, ConnectionTable connections) : IConnectionListenerFactory
{
    /// <inheritdoc/>
    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new LimitedListener(await sockets.BindAsync(endpoint, cancellationToken), connections);

    private sealed class LimitedListener(IConnectionListener listener, ConnectionTable connections) : IConnectionListener
    {
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => listener.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            try
            {
                await connections.MakeRoomAsync(_unbound.Token);
            }
            catch (OperationCanceledException)
            {
                return null;
            }
            ConnectionContext? accepted = null;
            try
            {
                accepted = await listener.AcceptAsync(cancellationToken);
                accepted?.ConnectionClosed.Register(connections.Closed);
                return accepted;
            }
            finally
            {
                if (accepted is null)
                {
                    connections.Closed();
                }
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _unbound.Cancel();
            return listener.UnbindAsync(cancellationToken);
        }

        public ValueTask DisposeAsync()
        {
            _unbound.Cancel();
            _unbound.Dispose();
            return listener.DisposeAsync();
        }
    }
}
