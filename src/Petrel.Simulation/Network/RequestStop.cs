using System.Diagnostics.CodeAnalysis;
using Petrel.Simulation.Execution;

namespace Petrel.Simulation.Network;

/// <summary>Tells the server that a caller has gone: its token is cancelled in the server's process.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A cancellation source without a timer holds nothing to release.")]
internal sealed class RequestStop(SimulatedProcess server)
{
    private readonly CancellationTokenSource _source = new();

    public CancellationToken Token => _source.Token;

    public void Request() => server.Post(_ => _source.Cancel(), null);
}
