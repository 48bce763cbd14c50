using System.Runtime.InteropServices;
using Petrel.LocalCluster.Processes;

namespace Petrel.Cli.Hosting;

/// <summary>
/// Turns signals into a cancellation token. SIGTERM and SIGINT stop the process. SIGPWR also stops it, and means that the machine shuts
/// down (LXC sends it to an init for this).
/// </summary>
internal sealed class StopSignals : IDisposable
{
    // The signal's number on Linux, because .NET has no constant for it.
    private const int SigPwr = ProcessRecord.SigPwr;

    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration[] _registrations;

    public StopSignals() => _registrations = [Register(PosixSignal.SIGTERM), Register(PosixSignal.SIGINT), Register((PosixSignal)SigPwr)];

    /// <summary>Cancelled when the process must stop.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Stops without a signal.</summary>
    public void Stop() => _stop.Cancel();

    /// <summary>Whether the machine shuts down.</summary>
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
