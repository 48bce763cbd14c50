using Petrel.Cli.Output;

namespace Petrel.Cli.Tests.Output;

public sealed class SafeOutputTests
{
    [Fact]
    public void A_line_that_can_not_be_written_stops_nothing_and_is_counted()
    {
        var disk = new Full();
        var output = new SafeOutput(() => disk);
        output.WriteLine("one");
        disk.IsFull = true;
        output.WriteLine("two");
        output.WriteLine("three");
        disk.IsFull = false;
        output.WriteLine("four");
        output.WriteLine("five");
        Assert.Equal(["one", "(2 lines before this one could not be written)\nfour", "five"], disk.Lines);
    }

    private sealed class Full : StringWriter
    {
        public bool IsFull { get; set; }

        public List<string> Lines { get; } = [];

        public override void WriteLine(string? value)
        {
            if (IsFull)
            {
                throw new IOException("No space left on device");
            }
            Lines.Add(value!);
        }
    }
}
