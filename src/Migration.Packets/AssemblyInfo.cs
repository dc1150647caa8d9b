using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Migration.Packets.Tests")]
