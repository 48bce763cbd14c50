using Petrel.ApiServer.Errors;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Protection;

/// <summary>Counts the open watches of each user, and refuses a user more than a limit.</summary>
internal sealed class WatchCounter(int limit)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);

    /// <summary>How many watches are open, of all users.</summary>
    public int Total { get; private set; }

    /// <summary>Refuses a user who has as many watches open as one user may have.</summary>
    /// <exception cref="StatusException">429.</exception>
    public void Check(string user)
    {
        lock (_gate)
        {
            if (_open.GetValueOrDefault(user) is var open && open >= limit)
            {
                throw StatusErrors.TooManyRequests($"user \"{user}\" has {open} watches open, and may have no more", 10);
            }
        }
    }

    /// <summary>Counts a watch that is open now. Every call takes one <see cref="Close"/>.</summary>
    public void Open(string user)
    {
        lock (_gate)
        {
            _open[user] = _open.GetValueOrDefault(user) + 1;
            Total++;
        }
    }

    /// <summary>Counts a watch that has ended.</summary>
    public void Close(string user)
    {
        lock (_gate)
        {
            Total--;
            if (--_open[user] == 0)
            {
                _open.Remove(user);
            }
        }
    }
}
