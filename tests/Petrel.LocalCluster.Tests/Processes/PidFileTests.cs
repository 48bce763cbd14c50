using Petrel.LocalCluster.Processes;

namespace Petrel.LocalCluster.Tests.Processes;

public sealed class PidFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("petrel-pid-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_process_whose_pid_file_can_not_be_written_is_still_found_and_written_later()
    {
        var folder = Path.Combine(_folder, "run");
        var path = Path.Combine(folder, "server.pid");
        var self = ProcessRecord.Of(Environment.ProcessId);
        var file = new PidFile(path);
        file.Set(self);
        Assert.Equal(self, file.Find());
        Assert.False(File.Exists(path));

        Directory.CreateDirectory(folder);
        Assert.Equal(self, file.Find());
        Assert.Equal(self, ProcessRecord.Find(path));
        Assert.Equal([path], Directory.GetFiles(folder));

        file.Delete();
        Assert.Null(file.Find());
    }
}
