using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Petrel.Model.Api;

namespace Petrel.Hosting.Front;

/// <summary>
/// Limits how many connections there are, of all users and of each, so that nobody takes all file descriptors. When there are too many, the
/// oldest one goes that serves nobody: one that has not finished its TLS handshake, else one whose user is not known, else an idle one. A
/// new connection is refused only when all others serve requests of known users.
/// </summary>
internal sealed class ConnectionTable(int limit, int limitPerUser)
{
    private static readonly object ItemKey = new();

    private readonly Lock _gate = new();

    // The oldest comes first in each.
    private readonly LinkedList<Connection> _handshaking = new();
    private readonly LinkedList<Connection> _unknown = new();
    private readonly LinkedList<Connection> _idle = new();
    private readonly LinkedList<Connection> _busy = new();
    private readonly Dictionary<string, int> _users = new(StringComparer.Ordinal);

    /// <summary>How many connections there are.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _handshaking.Count + _unknown.Count + _idle.Count + _busy.Count;
            }
        }
    }

    /// <summary>Serves a new connection, before its TLS handshake.</summary>
    public async Task AcceptAsync(ConnectionContext context, ConnectionDelegate next)
    {
        var connection = new Connection(context);
        Connection? victim = null;
        lock (_gate)
        {
            if (Count >= limit)
            {
                victim = (_handshaking.First ?? _unknown.First ?? _idle.First)?.Value ?? connection;
                Remove(victim);
            }
            if (victim != connection)
            {
                Move(connection, _handshaking);
            }
        }
        victim?.Context.Abort(new ConnectionAbortedException("The server has too many connections."));
        if (victim == connection)
        {
            return;
        }
        context.Items[ItemKey] = connection;
        try
        {
            await next(context);
        }
        finally
        {
            lock (_gate)
            {
                Remove(connection);
            }
        }
    }

    /// <summary>Serves a connection whose TLS handshake is over.</summary>
    public Task SecuredAsync(ConnectionContext context, ConnectionDelegate next)
    {
        if (context.Items.TryGetValue(ItemKey, out var item) && item is Connection connection)
        {
            lock (_gate)
            {
                if (connection.Place is not null)
                {
                    Move(connection, _unknown);
                }
            }
        }
        return next(context);
    }

    /// <summary>A request begins.</summary>
    public void Enter(HttpContext context)
    {
        if (Of(context) is { } connection)
        {
            lock (_gate)
            {
                connection.Requests++;
                Sort(connection);
            }
        }
    }

    /// <summary>A request has ended.</summary>
    public void Leave(HttpContext context)
    {
        if (Of(context) is { } connection)
        {
            lock (_gate)
            {
                connection.Requests--;
                Sort(connection);
            }
        }
    }

    /// <summary>Learns the user of a request. False: the user has too many connections, and none of them is idle.</summary>
    public bool Identify(HttpContext context, UserInfo user)
    {
        if (Of(context) is not { User: null } connection)
        {
            return true;
        }
        Connection? victim = null;
        lock (_gate)
        {
            if (connection.Place is null)
            {
                return true;
            }
            var count = _users.GetValueOrDefault(user.Name);
            if (count >= limitPerUser && !user.Groups.Contains(UserInfo.MastersGroup))
            {
                victim = _idle.FirstOrDefault(c => c.User == user.Name);
                if (victim is null)
                {
                    return false;
                }
                Remove(victim);
            }
            connection.User = user.Name;
            _users[user.Name] = _users.GetValueOrDefault(user.Name) + 1;
            Sort(connection);
        }
        victim?.Context.Abort(new ConnectionAbortedException("The user has too many connections."));
        return true;
    }

    private static Connection? Of(HttpContext context) =>
        context.Features.Get<IConnectionItemsFeature>()?.Items.TryGetValue(ItemKey, out var item) == true ? item as Connection : null;

    private void Sort(Connection connection)
    {
        if (connection is { Place: not null, User: not null })
        {
            Move(connection, connection.Requests > 0 ? _busy : _idle);
        }
    }

    private static void Move(Connection connection, LinkedList<Connection> list)
    {
        if (connection.Place is { } place)
        {
            if (place.List == list)
            {
                return;
            }
            place.List!.Remove(place);
            list.AddLast(place);
        }
        else
        {
            connection.Place = list.AddLast(connection);
        }
    }

    private void Remove(Connection connection)
    {
        if (connection.Place is not { } place)
        {
            return;
        }
        place.List!.Remove(place);
        connection.Place = null;
        if (connection.User is { } user && --_users[user] == 0)
        {
            _users.Remove(user);
        }
    }

    private sealed class Connection(ConnectionContext context)
    {
        public ConnectionContext Context { get; } = context;

        /// <summary>The place in one of the lists; null once the connection is closed.</summary>
        public LinkedListNode<Connection>? Place { get; set; }

        /// <summary>The user; null until a request is authenticated.</summary>
        public string? User { get; set; }

        public int Requests { get; set; }
    }
}
