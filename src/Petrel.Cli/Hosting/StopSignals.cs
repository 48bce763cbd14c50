using System.Runtime.InteropServices;
using Petrel.LocalCluster.Processes;

namespace Petrel.Cli.Hosting;

/// <summary>
/// Turns signals into a token: SIGTERM and SIGINT end the process; SIGPWR ends it too, and says that the machine goes down (as LXC tells an
/// init).
/// </summary>
internal sealed class StopSignals : IDisposable
{
    // Linux's number; .NET has no name for it.
    private const int SigPwr = ProcessRecord.SigPwr;

    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;

    public StopSignals() => _registrations = [Register(PosixSignal.SIGTERM), Register(PosixSignal.SIGINT), Register((PosixSignal)SigPwr)];

    /// <summary>Cancelled when the process is to stop.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Stops without a signal.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>Whether the machine goes down.</summary>
    public bool PowersDown { get; private set; }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            registration.Dispose();
        }
        _stop.Dispose();
    }

    private PosixSignalRegistration Register(PosixSignal signal) => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            PowersDown |= (int)signal == SigPwr;
            _stop.Cancel();
        });
}
